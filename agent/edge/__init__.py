"""The only place that touches the world: sockets, files, clocks, inference runtimes."""
