"""Exchange with the gateway, and through it with central."""
