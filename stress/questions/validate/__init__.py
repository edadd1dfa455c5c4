"""Whether the engine computes the model: compared with the reference, with itself and with what must hold."""
