-- What every checked operation begins with: ARGV[1] is the epoch that was entered (D28). Its answer is an
-- array whose first element says what happened; 'lost' alone says that nothing did.
if redis.call('GET', EPOCH) ~= ARGV[1] then
  return {'lost'}
end
