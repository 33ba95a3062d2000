-- smuggling: what does not end a message, and what a smuggler puts behind it.
return {
  sequences = {
    "\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\n", "\n.\r", "\r\n.\r", "\r.\r\n", "\r\n.\r\r\n",
    "\r\n\0.\r\n", "\r\n.\0\r\n",
  },
  smuggled = "MAIL FROM:<evil@b.test>\r\nRCPT TO:<v@x.test>\r\nDATA\r\nSubject: evil\r\n\r\nevil\r\n",
}
