"""Where runs and pricing packs are kept. Importing this package loads no database library; its modules do."""
