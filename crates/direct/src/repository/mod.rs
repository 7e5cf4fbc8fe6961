//! What of remote repositories is on this machine, and how more of it gets here.
