"""The project's application in a process that is killed right after an answer's commit, before anybody is told.

For tests/flows only. The kill comes from inside, so that it always lands at the same place:
the view has returned, its transaction is committed, and not a byte of the reply has left.
"""

import os
import signal

from config.wsgi import application as whole


def application(environ, start_response):
    dangerous = environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].endswith("/phq-9/")
    dangerous = dangerous or "HTTP_X_DIE" in environ  # a test says when
    reply = whole(environ, start_response)
    if dangerous:
        os.kill(os.getpid(), signal.SIGKILL)
    return reply
