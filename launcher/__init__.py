"""What `./run` is made of: the standard library only, so that it starts on a machine that has nothing yet.

`console` speaks, `processes` starts and ends, `place` says where things live, `servers` (`postgres`, `valkey`) are the
embedded database and broker, `packages` fills `.venv`, `environment` keeps `.env.local`, `database` chooses logins
(`roles` is the one module that `.venv`'s Python runs), `runs` remembers what a run must clean up; `setup`, `demo` and
`quality` are the verbs.
"""
