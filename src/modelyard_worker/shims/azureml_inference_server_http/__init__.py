"""The part of Azure's inference server that scripts import."""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
