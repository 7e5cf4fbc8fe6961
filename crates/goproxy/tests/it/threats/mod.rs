//! Version control that attacks us: what a client asks for, what a page or a redirect names, what a repository holds,
//! and what a git server sends. The native engine throughout; `git`, `ssh` and their like are wrapped and write down
//! every call.

mod addresses;
mod arguments;
mod attributes;
mod bombs;
mod contents;
mod ends;
mod forge;
mod judge;
mod lab;
mod names;
mod packs;
mod pages;
mod references;
mod repositories;
mod script;
mod servers;
mod spy;
