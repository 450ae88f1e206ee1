"""Where runs and pricing packs are kept."""
