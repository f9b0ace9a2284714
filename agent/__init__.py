"""The agent beside the microscope: frames in, shape statistics out."""
