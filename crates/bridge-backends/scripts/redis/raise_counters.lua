-- No id comes twice (D21). ARGV: 1 queue_input_sms, 2 queue_onboarding
for place, key in ipairs({COUNTER_INPUT_SMS, COUNTER_ONBOARDING}) do
  if tonumber(ARGV[place]) > tonumber(redis.call('GET', key) or 0) then
    redis.call('SET', key, ARGV[place])
  end
end
