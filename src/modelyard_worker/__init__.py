"""
The part of Modelyard that runs in a model's own environment.

Standard library only, Python 3.7 and newer, and nothing of ``modelyard`` itself: a service's
worker (``python -m modelyard_worker``), its protocol with the front (``frames``) and the
``azureml`` modules that scoring scripts and jobs import (``shims``).
"""
