"""What parties are worth by what they did: suppliers by deliveries, buyers by payments."""
