"""How a service is spoken to: content types on /score and the Open Inference Protocol."""
