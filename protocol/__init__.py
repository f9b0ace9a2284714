"""What crosses a process boundary: values and bytes, no sockets, no files, no clocks."""
