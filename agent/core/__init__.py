"""Arrays in, values out: no sockets, files, clocks, threads or GPU runtimes."""
