//! Where modules come from: upstream proxies, the checksum database, the go command.
