-- Counts are looked for near a moment: with the moment first, what is written now lies
-- together, and not all over the index. A slot is five seconds.
DROP INDEX observation_by_tokens;
CREATE INDEX observation_by_tokens ON observation (at / 5000, tokens_hash) WHERE tokens_hash IS NOT NULL;
