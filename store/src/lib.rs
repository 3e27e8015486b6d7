//! Every SQLite file of Daybook: the event log, the read models and the questions asked of them.
