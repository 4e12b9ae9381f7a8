-- Slots for several processes under one contract each (GCRA). Time is this server's own.
-- KEYS: when each process was last seen; the state of each contract; how many processes each counts.
-- ARGV: process, void after (us), how long a process counts as seen (us), horizon (us), how many
-- processes it counts, then for each contract: name, slots wanted, step (us), burst, slack (us), most places.
-- Answers the time, 1, and the most that any process of the last hour counts; then the slots.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
if now > tonumber(ARGV[2]) then return {{now, 0, 0}} end
local horizon = tonumber(ARGV[4])
local last = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or -1)
if math.abs(now - last) > tonumber(ARGV[3]) then
  -- It may have used its own place meanwhile, and nobody else need have been here to miss it.
  redis.call('DEL', KEYS[2])
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], 3600000)
redis.call('HSET', KEYS[3], ARGV[1], ARGV[5])
redis.call('PEXPIRE', KEYS[3], 3600000)
local live = {}
local most = 0
local seen = redis.call('HGETALL', KEYS[1])
for i = 1, #seen, 2 do
  local age = now - tonumber(seen[i + 1])
  live[tonumber(seen[i])] = age <= tonumber(ARGV[3]) and age >= -tonumber(ARGV[3])
  if age <= 3600000000 then
    most = math.max(most, tonumber(redis.call('HGET', KEYS[3], seen[i]) or 0))
  end
end
local answer = {{now, 1, most}}
for i = 6, #ARGV, 6 do
  local name, wanted = ARGV[i], tonumber(ARGV[i + 1])
  local step, burst = tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local slack, places = tonumber(ARGV[i + 4]), math.min(most, tonumber(ARGV[i + 5]))
  local here, sign = 0, {}
  for node = 0, places - 1 do
    if live[node] then
      here = here + 1
      sign[#sign + 1] = node
    end
  end
  local given = {}
  if here > 0 then
    local mark = table.concat({table.concat(sign, '.'), ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], places}, '/')
    if here < places then
      step = math.ceil(step * places / here)
      burst = math.floor(burst / places) * here
    end
    local short = slack - (burst - 1) * step
    if short > 0 then
      step = step + math.ceil(short / burst)
      burst = 1
    else
      burst = burst - math.ceil(slack / step)
    end
    local full = redis.call('HMGET', KEYS[2], name, name .. '/mark')
    local tat = tonumber(full[1])
    local empty = now + horizon + burst * step
    if not tat or full[2] ~= mark or tat > empty then tat = empty end
    while #given < wanted do
      local due = math.max(now, tat - (burst - 1) * step)
      if due > now + horizon then break end
      tat = math.max(tat, due) + step
      given[#given + 1] = due - now
    end
    redis.call('HSET', KEYS[2], name, string.format('%.0f', tat), name .. '/mark', mark)
  end
  answer[#answer + 1] = given
end
redis.call('PEXPIRE', KEYS[2], 3600000)
return answer
