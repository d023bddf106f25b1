"""What stands between sockets and the application: connections, processes, logs, measurements, requests, refusals.

Bottle is known to the last two alone.
"""
