"""What the handbook is measured against: small servers, each as its users would write it."""
