//! For tests only: a scripted upstream, a checksum database, git over http, real go clients.
