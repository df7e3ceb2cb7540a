"""Processes that may crash, hang or eat memory over a picture without harm to anything else."""
