pub(crate) mod distant;
