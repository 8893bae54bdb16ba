UPDATE unit SET call_key = NULL WHERE number = $1
