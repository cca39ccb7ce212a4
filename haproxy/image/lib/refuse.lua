-- Tells a client in Redis' words why it is not served; which words, the configuration has put in txn.refusal. HAProxy
-- closes the connection afterwards.
core.register_service('refuse', 'tcp', function(applet)
  applet:send('-ERR ' .. applet:get_var('txn.refusal') .. '\r\n')
end)
