"""What stands between sockets and the application: connections, processes, logs, measurements, requests, refusals.

Bottle is used by the last two alone; `observed` reads which route it took.
"""
