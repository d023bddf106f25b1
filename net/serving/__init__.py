"""What stands between sockets and the application: connections, processes, logs, measurements. Never bottle."""
