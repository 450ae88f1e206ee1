"""The screens, a file each: what they ask of the service, and what their template is given."""
