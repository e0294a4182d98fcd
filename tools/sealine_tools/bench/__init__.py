"""`sealine bench`: what the real firmware and the whole facility do in numbers, each beside its limit."""
