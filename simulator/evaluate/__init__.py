"""The whole path of an experimenter: a log, a policy, an audit, estimates with intervals."""
