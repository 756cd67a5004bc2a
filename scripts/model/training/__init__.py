"""The parts of `train_base.py` and `train_adapters.py`: data, methods, schedule, study, log, card."""
