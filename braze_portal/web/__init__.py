"""The web server: waitress, held to what a hostile or forgetful client may take.

One thread reads requests and writes answers for all connections, and others answer: a slow client
holds a socket and a few kilobytes, never a thread.
"""
