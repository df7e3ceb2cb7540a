"""From a claimed file to a filed picture: dispatched to workers, decided, recorded, moved."""
