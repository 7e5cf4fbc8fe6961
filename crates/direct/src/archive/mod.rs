//! The zip of a module, straight from git objects.
