"""The worker: claims what is due, takes steps, appends what happened.

It knows the core and its ports only.
"""
