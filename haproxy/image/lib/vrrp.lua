-- Says for Prometheus which state keepalived is in, by its own word, and whether the VIP is on a device, by the kernel's: the two
-- differ when keepalived hangs. Both are small files in memory. Which address is the VIP, the configuration has put in txn.vip.

local function content(path)
  local file = io.open(path, 'r')
  if not file then return '' end
  local text = file:read('*a')
  file:close()
  return text
end

core.register_service('vrrp', 'http', function(applet)
  local state = content((os.getenv('TWEMSTACK_RUN') or '/run/twemstack') .. '/vrrp-state'):match('^%u+') or 'UNKNOWN'
  -- `|-- 198.18.0.100`, and below it `/32 host LOCAL`.
  local vip = applet:get_var('txn.vip')
  local held = 0
  for address, kind in content('/proc/net/fib_trie'):gmatch('|%-%- ([%d.]+)\n%s+/32 (%l+ %u+)') do
    if address == vip and kind == 'host LOCAL' then held = 1 end
  end
  local lines = { '# HELP twemstack_edge_vrrp_state 1 for the state that keepalived is in.', '# TYPE twemstack_edge_vrrp_state gauge' }
  for _, name in ipairs({ 'MASTER', 'BACKUP', 'FAULT', 'UNKNOWN' }) do
    lines[#lines + 1] = string.format('twemstack_edge_vrrp_state{state="%s"} %d', name:lower(), state == name and 1 or 0)
  end
  lines[#lines + 1] = '# HELP twemstack_edge_vip_held 1 while the VIP is on a device of the edge.'
  lines[#lines + 1] = '# TYPE twemstack_edge_vip_held gauge'
  lines[#lines + 1] = 'twemstack_edge_vip_held ' .. held .. '\n'
  local body = table.concat(lines, '\n')
  applet:set_status(200)
  applet:add_header('content-type', 'text/plain; version=0.0.4')
  applet:add_header('content-length', tostring(#body))
  applet:start_response()
  applet:send(body)
end)
