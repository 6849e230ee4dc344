from hypothesis import settings

# A busy machine is no failure.
settings.register_profile("handbook", deadline=None)
settings.load_profile("handbook")
