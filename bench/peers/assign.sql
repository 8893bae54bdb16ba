UPDATE unit SET call_key = $3
WHERE number = (
    SELECT number FROM unit
    WHERE skill = SKILL AND call_key IS NULL
    ORDER BY place <-> ST_MakePoint($1, $2)
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING number
