# Sealine's developer interface. `make help` lists it; what builds the firmware is in firmware/Makefile.
.DEFAULT_GOAL := help
.PHONY: setup
setup: ## install what the build needs (does nothing when all is there)
	@python3 tools/setup
