"""What a promotion by a small seller brings: learned from what became of earlier offers."""
