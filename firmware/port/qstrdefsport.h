// No names beyond those found in the sources.
