"""The pipeline: a claimed file is dispatched to workers, decided on, recorded and filed."""
