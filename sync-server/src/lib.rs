//! Head office: takes in the logs of all tills, merges them and says where they disagree.
