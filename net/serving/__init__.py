"""The layer between sockets and the application: connections, processes, logs, metrics. Never imports bottle."""
