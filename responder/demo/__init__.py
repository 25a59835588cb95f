"""The simulators and the play of `responder demo`."""
