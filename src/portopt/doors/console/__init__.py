"""The console: screens for people on the operations of the service. A screen knows nothing that REST does not answer."""
