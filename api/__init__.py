"""The doors: HTTP scoring API, planner console, command line; settings and wiring."""
