"""Networks on TensorRT and TensorRT-RTX: plans, their cache, and how they are run."""
